"""A package, so that the started product lives as long as these tests and not as long as all of them."""
