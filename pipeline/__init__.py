"""The only package that knows the others: settings, cycle, schedule, command line."""
