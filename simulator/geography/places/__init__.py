"""The bundled tables of places: cities.csv (GeoNames) and cloud_regions.csv; `simulator.geography.geo` reads them."""
