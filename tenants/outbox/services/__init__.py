"""Queueing mails, sending what is due, and sending again."""
