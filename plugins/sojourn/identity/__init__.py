"""Identity for people: stewards' decisions, why two identifiers are one person, what a rule does.

How identifiers are judged stands in SQL, in ``macros/identity/``. What is here reads its tables.
"""
