"""The built-in tiny world, its judges and the tiny models that know it. Importing this package loads no torch."""
