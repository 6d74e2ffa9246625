namespace FinIntent.Server.Errors;

/// <summary>Ends a request with a status and a message that the caller may read. Routes throw it; <see cref="ErrorAnswers"/> writes it in
/// the form of the route's family.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">A word for programs, such as queue_full; null where the status says all.</param>
sealed class ServerError(int status, string message, string? code = null) : Exception(message)
{
    public int Status => status;
    public string? Code => code;

    /// <summary>The part of the request that is wrong, such as input[3]; null where none is.</summary>
    public string? Param { get; init; }

    /// <summary>When to try again; null where that would not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>OpenAI's word for the kind of error.</summary>
    public string Type => status switch
    {
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    public static ServerError BadRequest(string message, string? param = null, string? code = null) =>
        new(400, message, code) { Param = param };

    public static ServerError NotFound(string message, string? param = null, string? code = "not_found") =>
        new(404, message, code) { Param = param };
}
