/** Raised when the same inputs would come to another layer: part of every key. */
export const recipeVersion = 4

/** The time that every npm package's files have; for layers whose own times mean nothing. */
export const fixedTime = 499_162_500
