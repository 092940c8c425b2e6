"""How passwords are kept: Argon2id with the memory OWASP recommends."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    """Django's own choice takes 100 MB for each log-in: ten people at nine o'clock would fill a small machine."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
