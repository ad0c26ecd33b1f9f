"""The pages: one thin function an address."""
