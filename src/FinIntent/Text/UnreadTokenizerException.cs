namespace FinIntent.Text;

/// <summary>Says that a tokenizer.json is sound and of a kind that is not read here, so that another file of the folder may do.</summary>
sealed class UnreadTokenizerException(string message) : Exception(message);
