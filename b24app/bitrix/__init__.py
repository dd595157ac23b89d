"""The outside system and nothing else: Bitrix24's REST, OAuth and posts. Knows none of our tables."""
