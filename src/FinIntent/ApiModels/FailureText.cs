using System.Net;

namespace FinIntent.ApiModels;

/// <summary>Says in words why a model behind an API gave no answer, and what helps.</summary>
sealed class FailureText(ApiEndpoint endpoint, Uri address, int maxTokens)
{
    const int OverLoaded = 529;
    const int MostShown = 600;

    string Place => address.GetLeftPart(UriPartial.Path);

    /// <summary>Returns the failure that an error, or an answer that its server broke off, comes to.</summary>
    public ApiFailure Of(ApiReply reply, ApiOutcome outcome, ApiRemedy remedy)
    {
        var isFinal = outcome == ApiOutcome.Stop;
        var help = isFinal && Remedy(remedy) is { Length: > 0 } text ? $"; {text}" : "";
        var said = reply.Error is null ? $"ended its answer with \"{Shown(reply.Finish!)}\""
            : $"answered {NameOf(reply.Status)}: {Shown(reply.Error)}{CodeOf(reply)}";
        return new($"{Place} {said}{help}", isFinal)
        {
            RetryAfter = reply.RetryAfter,
            IsTooLong = remedy == ApiRemedy.Context,
            // A server that broke, or a gateway that did not wait, may have had the model answer.
            MayBeCharged = reply.Status is 200 or 408
                || (reply.Status >= 500 && reply.Status is not ((int)HttpStatusCode.ServiceUnavailable or OverLoaded)),
        };
    }

    /// <summary>Takes the key out of a text, and what would make it too long to be read.</summary>
    public string Shown(string text)
    {
        if (endpoint.Key is { } key) text = key.Redact(text);
        return text.Length <= MostShown ? text : text[..(char.IsHighSurrogate(text[MostShown - 1]) ? MostShown - 1 : MostShown)] + "…";
    }

    /// <summary>Returns the code that documentation is searched for by, where the message lacks it.</summary>
    string CodeOf(ApiReply reply) => reply.Codes.FirstOrDefault() is { } code && code != $"{reply.Status}"
        && !reply.Error!.Contains(code, StringComparison.OrdinalIgnoreCase) ? $" ({Shown(code)})" : "";

    static string NameOf(int status) => status == OverLoaded ? $"{status} Overloaded"
        : status == 200 ? "200 OK with an error"
        : Enum.IsDefined((HttpStatusCode)status) ? $"{status} {(HttpStatusCode)status}"
        : $"{status}";

    string Remedy(ApiRemedy remedy) => remedy switch
    {
        ApiRemedy.Key => endpoint.Key is null
            ? $"set the key in the environment variable {ApiKey.VariableOf(endpoint.Kind)}"
            : "the key is not accepted; look at the environment variable it comes from",
        ApiRemedy.Credit => "the account has no credit left; add some and run the same command again",
        ApiRemedy.Later => "what the account may use for now is used up; run the same command again when it is renewed",
        ApiRemedy.Context => $"the question and max_new_tokens ({maxTokens}) do not fit into the model's context: lower max_new_tokens, " +
            "or shorten the question",
        ApiRemedy.Tokens => $"the model does not write as many tokens as max_new_tokens ({maxTokens}) asks for: lower it",
        ApiRemedy.Permission => $"the key may not use \"{endpoint.Model}\", or not from here; look at its permissions",
        ApiRemedy.Model => $"look at api_base and api_model (\"{endpoint.Model}\")" +
            (endpoint.Version is { } version ? $" and api_version ({version})" : ""),
        ApiRemedy.Request => $"look at api_model (\"{endpoint.Model}\"); api_parameters adds a parameter to the request, " +
            "and takes one out when it is null, such as {temperature: null}",
        ApiRemedy.Redirect => "set api_base to where it leads, if you trust it: a key is not sent on",
        ApiRemedy.Address => $"look at api_base ({endpoint.Base}) and api_model (\"{endpoint.Model}\")",
        _ => "",
    };
}
