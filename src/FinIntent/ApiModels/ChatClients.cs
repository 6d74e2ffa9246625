using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using FinIntent.Settings;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

namespace FinIntent.ApiModels;

/// <summary>Makes the makers' own clients. None of them tries again or limits time: <see cref="ApiModel"/> does, for all alike.</summary>
static class ChatClients
{
    public static IChatClient Create(ApiEndpoint endpoint, HttpClient http) =>
        endpoint.Kind == ApiKind.Anthropic ? AnthropicsClient(endpoint, http) : OpenAisClient(endpoint, http);

    static IChatClient AnthropicsClient(ApiEndpoint endpoint, HttpClient http) => new AnthropicClient
    {
        // Without a key this is null, so that none is looked for in the environment and sent to a server of the user's own.
        ApiKey = endpoint.Key?.Reveal(),
        BaseUrl = endpoint.Base.ToString().TrimEnd('/'),
        HttpClient = http,
        MaxRetries = 0,
        Timeout = TimeSpan.FromDays(1),
        OpenTelemetry = false,
    }.AsIChatClient(endpoint.Model);

    static IChatClient OpenAisClient(ApiEndpoint endpoint, HttpClient http)
    {
        var options = new OpenAIClientOptions
        {
            Endpoint = endpoint.Base,
            Transport = new HttpClientPipelineTransport(http),
            RetryPolicy = new ClientRetryPolicy(0),
            NetworkTimeout = TimeSpan.FromDays(1),
        };
        if (endpoint.Version is { } version) options.AddPolicy(new VersionPolicy(version), PipelinePosition.PerCall);
        var key = new ApiKeyCredential(endpoint.Key?.Reveal() ?? "none");
        var policy = endpoint.Kind == ApiKind.Azure
            ? ApiKeyAuthenticationPolicy.CreateHeaderApiKeyPolicy(key, "api-key")
            : ApiKeyAuthenticationPolicy.CreateBearerAuthorizationPolicy(key);
#pragma warning disable OPENAI001 // the constructor with a policy is marked as one that may change
        return new ChatClient(endpoint.Model, policy, options).AsIChatClient();
#pragma warning restore OPENAI001
    }

    /// <summary>Adds Azure's api-version to the address.</summary>
    sealed class VersionPolicy(string version) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int index)
        {
            Add(message);
            ProcessNext(message, pipeline, index);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int index)
        {
            Add(message);
            return ProcessNextAsync(message, pipeline, index);
        }

        void Add(PipelineMessage message) =>
            message.Request.Uri = new UriBuilder(message.Request.Uri!) { Query = "api-version=" + Uri.EscapeDataString(version) }.Uri;
    }
}
