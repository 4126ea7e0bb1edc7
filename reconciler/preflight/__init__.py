"""What is wrong with a Logic App for the extensions that call it: pure, from what Azure Resource
Manager said of it.
"""
