"""How well photos are screened: a labelled set, made by code, through the deployed rules.

Pictures and their labels are made here; who is asked about them is a port. Nothing here knows a
threshold.
"""
