"""A fleet: many municipalities looked after together, each by what the commands for one repository do."""
