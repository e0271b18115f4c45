"""Stands for the real product."""
