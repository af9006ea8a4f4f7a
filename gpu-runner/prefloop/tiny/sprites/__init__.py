"""The image world: creatures drawn from attributes, captions, an oracle that reads pictures, and tastes."""
