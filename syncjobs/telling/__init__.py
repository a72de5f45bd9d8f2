"""Telling other programs what happened here: what there is to hear, the messages, the sending."""
