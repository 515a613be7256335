"""The customers of the demo businesses: names and places of several countries, and the course that each customer takes."""

from customers.demo.fill import fill_customers

__all__ = ["fill_customers"]
