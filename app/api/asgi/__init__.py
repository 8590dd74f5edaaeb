"""Middleware: what is settled for every request around the routes, and before its body is read."""
