"""What every room that sends HTTP requests needs: the transport with its locks, retries,
throttling, the proxy of the environment, and bodies of bounded size. It knows no service.
"""
