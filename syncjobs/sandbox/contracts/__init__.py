"""Inkwell Contracts: agreements with their amendments and renewals."""
