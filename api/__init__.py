"""Webinars said over HTTP: the JSON API, the patients' pages and the hosts' console."""
