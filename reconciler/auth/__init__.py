"""Access tokens: the ways to sign in, GitHub's OIDC tokens, and the identity that a token claims.

Only `sign_in` and `credentials` import azure-identity, inside functions: a Graph on loopback needs
no sign-in.
"""
