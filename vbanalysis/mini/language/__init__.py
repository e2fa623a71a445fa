"""Words about scenes, all of them true: captions, referring expressions, edits."""
