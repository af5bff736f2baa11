"""Decides when: the jobs that time sets off."""
