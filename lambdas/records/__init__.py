"""How domain objects are kept in the table: keys, items, and the conditional writes between states.

Written against the `Table` port, so that the same code runs on DynamoDB and on the tests' fake.
"""
