using System.Diagnostics;
using System.Runtime.Versioning;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The scripts in deploy/slurm on a real cluster of two nodes, which test/deploy/slurm.sh starts on this machine.</summary>
[Trait("tier", "demand"), UnsupportedOSPlatform("windows")]
public sealed class SlurmTests : IDisposable
{
    static readonly string Submit = Path.Combine(Reference.Root, "deploy", "slurm", "submit");
    static readonly string Program = Path.Combine(AppContext.BaseDirectory, "finintent");
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Explicit = true)]
    public async Task An_array_of_three_shards_and_its_merge_give_the_bytes_of_one_run()
    {
        var model = Path.Combine(Reference.Root, "models", "finintent-8m");
        var input = Path.Combine(Reference.Root, "data", "service", "eval.csv");
        var (whole, parts) = (_folder["whole.csv"], _folder["parts"]);
        var schema = Path.Combine(Reference.Root, "config", "intents", "openfindata.yaml");
        string[] keys = [$"intent_schema={schema}", "text_column=question", "output_prefix=predicted_"];
        await Run(Program, ["classify", "--model", model, $"input={input}", $"output={whole}", .. keys]);

        var jobs = await OnCluster(Program, ["3", model, input, parts, .. keys]);

        Assert.Equal(4, jobs.Count);
        Assert.All(jobs, job => Assert.Contains("JobState=COMPLETED", job));
        Assert.Equal(3, Directory.GetFiles(parts, "*.done").Length);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(Path.Combine(parts, "merged.csv")));
    }

    [Fact(Explicit = true)]
    public async Task A_shard_whose_trouble_may_pass_goes_back_into_the_queue()
    {
        var stub = Stub("""[ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] || exit 75""");

        var jobs = await OnCluster(stub, "2", "model", "rows.csv", "parts", "key=a b");

        Assert.Equal(["ArrayTaskId=0", "ArrayTaskId=1", "JobName=finintent-merge"], jobs.Select(FirstField));
        Assert.All(jobs, job => Assert.Contains("JobState=COMPLETED", job));
        Assert.Contains("Restarts=0", jobs[0]);
        Assert.Contains("Restarts=1", jobs[1]);
        Assert.Equal(
            [
                "0: classify|--model|model|--shards|2|input=rows.csv|output=parts|key=a b|",
                "1: classify|--model|model|--shards|2|input=rows.csv|output=parts|key=a b|",
                "1: classify|--model|model|--shards|2|input=rows.csv|output=parts|key=a b|",
                ": classify|--merge|parts|",
            ],
            Calls().Order(StringComparer.Ordinal));
    }

    [Fact(Explicit = true)]
    public async Task A_shard_with_wrong_input_is_not_tried_again_and_nothing_is_merged()
    {
        var jobs = await OnCluster(Stub("exit 42"), "2", "model", "rows.csv", "parts");

        Assert.Contains("JobState=COMPLETED", jobs[0]);
        Assert.Contains("JobState=FAILED Restarts=0 ExitCode=42:0", jobs[1]);
        Assert.Contains("JobName=finintent-merge JobState=CANCELLED", jobs[2]);
        Assert.Equal(2, Calls().Length);
    }

    /// <summary>A program that writes down how it was called, and then does something in shard 1.</summary>
    string Stub(string inShardOne)
    {
        var stub = _folder.Write("stub", $$"""
            #!/bin/bash
            task=${SLURM_ARRAY_TASK_ID:-}
            { printf '%s: ' "$task"; printf '%s|' "$@"; echo; } >>'{{_folder["calls"]}}'
            [ "$task" != 1 ] || { {{inShardOne}}; }
            """);
        File.SetUnixFileMode(stub, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return stub;
    }

    string[] Calls() => File.ReadAllLines(_folder["calls"]);

    static string FirstField(string job) => job.Split(' ')[0];

    /// <summary>Submits an array and its merge, and returns a line for each job when all have ended, in the order of their names.</summary>
    async Task<IReadOnlyList<string>> OnCluster(string program, params string[] arguments)
    {
        string[] needed = ["munged", "slurmctld", "slurmd", "sbatch"];
        Tier.NeedsOnDemand(Environment.IsPrivilegedProcess && needed.All(IsOnPath),
            "it needs root and Debian's slurmctld, slurmd, slurm-client and munge");
        var output = await Run(
            Reference.Path("deploy/slurm.sh"), [_folder["cluster"], "env", $"FININTENT={program}", Submit, .. arguments]);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.Contains("JobState="))];
    }

    static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    async Task<string> Run(string program, params string[] arguments)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        ended.CancelAfter(Limit);
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(ended.Token), process.StandardError.ReadToEndAsync(ended.Token));
        await process.WaitForExitAsync(ended.Token);
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{await output}{await error}{Logs()}");
        return await output;
    }

    string Logs() => string.Concat(Directory.GetFiles(_folder.Path, "finintent-*.log").Select(File.ReadAllText));
}
