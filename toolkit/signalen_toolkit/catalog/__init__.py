"""`chart-templates/`: components, their versions, the keys of their values."""
