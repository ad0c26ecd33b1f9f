"""What a form stands for, before it is saved: the site's header and colours, the map, the images."""
