"""Listings to time, a module a lesson: ``LISTINGS`` is a tuple of `scripts.tools.listings.Listing`."""
