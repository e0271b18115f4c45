"""Finding a symbol without importing it."""
