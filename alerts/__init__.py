"""When to tell, whom and how: rules, levels, incidents, clocks, channels."""
