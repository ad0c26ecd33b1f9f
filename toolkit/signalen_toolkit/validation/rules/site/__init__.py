"""Rules on what residents see: names, texts, images, colours, the map."""
