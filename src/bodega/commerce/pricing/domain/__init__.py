"""Pure rules of pricing: shares, promotions, taxes, the quote made of them."""
