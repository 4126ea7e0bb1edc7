"""What every room that sends HTTP requests needs: the proxy of the environment, and bodies of
bounded size.
"""
