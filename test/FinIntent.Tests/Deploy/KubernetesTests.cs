using k8s;
using k8s.Models;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The manifests in deploy/kubernetes, read by Kubernetes' own types, which refuse a field that they do not have.</summary>
public sealed class KubernetesTests
{
    static readonly string Folder = Path.Combine(Reference.Root, "deploy", "kubernetes");

    static readonly V1Job Shards = Load("classify-job.yaml"), Merge = Load("merge-job.yaml");

    [Fact]
    public void Each_shard_has_an_index_and_the_program_is_told_how_many_there_are()
    {
        var arguments = Container(Shards).Args;

        Assert.Equal("Indexed", Shards.Spec.CompletionMode);
        Assert.Equal($"{Shards.Spec.Completions}", arguments[arguments.IndexOf("--shards") + 1]);
        Assert.DoesNotContain("--shard", arguments);
        Assert.Equal(["finintent", "classify"], Container(Shards).Command);
    }

    [Fact]
    public void Wrong_input_ends_a_shard_and_what_may_pass_is_tried_again()
    {
        var rules = Shards.Spec.PodFailurePolicy.Rules;

        Assert.Equal(["Ignore", "FailIndex", "Count"], rules.Select(rule => rule.Action));
        Assert.Equal([42], rules[1].OnExitCodes.Values);
        Assert.Equal([75], rules[2].OnExitCodes.Values);
        // FailIndex asks for the first, a failure policy for the second.
        Assert.NotNull(Shards.Spec.BackoffLimitPerIndex);
        Assert.Equal("Never", Shards.Spec.Template.Spec.RestartPolicy);
        Assert.Null(Shards.Spec.BackoffLimit);
    }

    [Fact]
    public void A_merge_reads_where_the_shards_write_and_is_not_repeated_for_a_part_that_is_missing()
    {
        var arguments = Container(Merge).Args;
        var output = Container(Shards).Args.Single(argument => argument.StartsWith("output=", StringComparison.Ordinal));

        Assert.Equal(["--merge", output["output=".Length..]], arguments);
        var missing = Merge.Spec.PodFailurePolicy.Rules[1];
        Assert.Equal("FailJob", missing.Action);
        Assert.Equal([1], missing.OnExitCodes.Values);
        Assert.Equal("Never", Merge.Spec.Template.Spec.RestartPolicy);
    }

    [Fact]
    public void Rules_and_mounts_name_what_the_pod_has() => Assert.All([Shards, Merge], job =>
    {
        var codes = job.Spec.PodFailurePolicy.Rules.Select(rule => rule.OnExitCodes).OfType<V1PodFailurePolicyOnExitCodesRequirement>();
        Assert.All(codes, code => Assert.Equal((Container(job).Name, "In"), (code.ContainerName, code.OperatorProperty)));
        Assert.Equal(Container(job).VolumeMounts.Select(mount => mount.Name), job.Spec.Template.Spec.Volumes.Select(volume => volume.Name));
        Assert.Equal(Container(Shards).Image, Container(job).Image);
    });

    static V1Container Container(V1Job job) => Assert.Single(job.Spec.Template.Spec.Containers);

    static V1Job Load(string file) => Assert.IsType<V1Job>(
        Assert.Single(KubernetesYaml.LoadAllFromString(File.ReadAllText(Path.Combine(Folder, file)), strict: true)));
}
