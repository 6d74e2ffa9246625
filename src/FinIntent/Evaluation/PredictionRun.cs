namespace FinIntent.Evaluation;

/// <summary>Where the answers to a list of questions go, and what they depend on.</summary>
/// <param name="Name">What the model is called in predictions and reports.</param>
/// <param name="File">The predictions file.</param>
/// <param name="Identity">Everything that the predictions depend on. Only a run with the same goes on with a file.</param>
/// <param name="Overwrite">True: start anew where a run already is.</param>
sealed record PredictionRun(string Name, string File, JsonObject Identity, bool Overwrite = false);
