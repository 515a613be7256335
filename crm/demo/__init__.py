"""Demo data: believable businesses to look at, and at a million customers the data set of the bench."""

from crm.demo.make import DemoExists, demo_businesses, make_demo
from crm.demo.plan import Chance, DemoPlan

__all__ = ["Chance", "DemoExists", "DemoPlan", "demo_businesses", "make_demo"]
