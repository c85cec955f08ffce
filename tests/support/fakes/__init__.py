"""Fakes of services that cannot run here."""
