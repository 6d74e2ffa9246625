using FinIntent.Data.Rows;
using FinIntent.Jobs.Classify.Shards;
using Xunit;

namespace FinIntent.Tests.Jobs.Classify;

public sealed class ShardTests
{
    [Theory, InlineData(10, 3), InlineData(2, 5), InlineData(0, 2), InlineData(100_000_000_000, 99_999)]
    public void Shards_are_ranges_one_after_the_other_that_have_every_row_once(long rows, int count)
    {
        var end = 0L;
        for (var i = 0; i < count; i++)
        {
            var (first, length) = new Shard(i, count).RowsOf(rows);
            Assert.Equal(end, first);
            Assert.InRange(length, rows / count, (rows / count) + 1);
            end += length;
        }
        Assert.Equal(rows, end);
    }

    [Theory]
    [InlineData("", 4, 2, "2 of 4")]
    [InlineData("SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_MIN=5 SLURM_ARRAY_TASK_STEP=2 SLURM_ARRAY_TASK_COUNT=3", null, null, "1 of 3")]
    [InlineData("SLURM_ARRAY_TASK_ID=0 SLURM_ARRAY_TASK_MIN=0 SLURM_ARRAY_TASK_STEP=1 SLURM_ARRAY_TASK_COUNT=3", 3, null, "0 of 3")]
    [InlineData("SLURM_ARRAY_TASK_ID=42 SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_STEP=35 SLURM_ARRAY_TASK_COUNT=2", 256, 42, "42 of 256")]
    [InlineData("JOB_COMPLETION_INDEX=5", 8, null, "5 of 8")]
    [InlineData("", null, null, "--shards is missing")]
    [InlineData("", 4, null, "--shard is missing: which of the 4 shares, from 0 to 3?")]
    [InlineData("", 4, 4, "--shard is 4; of 4 shards it must be from 0 to 3")]
    [InlineData("", 0, 0, "--shards is 0")]
    [InlineData("JOB_COMPLETION_INDEX=5", null, null, "an Indexed Job does not tell how many tasks it has")]
    [InlineData("JOB_COMPLETION_INDEX=9", 8, null, "the Indexed Job's task is 9; of 8 shards")]
    [InlineData("JOB_COMPLETION_INDEX=x", 8, null, "JOB_COMPLETION_INDEX is \"x\", which is no number")]
    [InlineData("SLURM_ARRAY_TASK_ID=42 SLURM_ARRAY_TASK_MIN=7 SLURM_ARRAY_TASK_STEP=35 SLURM_ARRAY_TASK_COUNT=2", 256, null,
        "--shards is 256, and the Slurm array has 2 tasks; name the share that each does with --shard")]
    public void The_shard_is_the_one_that_is_given_or_the_schedulers(string environment, int? shards, int? shard, string expected)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('='))
            .ToDictionary(v => v[0], v => v[1]);

        string Found()
        {
            try
            {
                var found = Shard.Of(shards, shard, ArrayTask.Of(variables.GetValueOrDefault));
                return $"{found.Index} of {found.Count}";
            }
            catch (UserErrorException e)
            {
                return e.Message;
            }
        }

        Assert.Contains(expected, Found());
    }

    [Fact]
    public void What_may_pass_is_told_from_what_would_come_again()
    {
        Exception full = new IOException("No space left on device", OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28);

        Assert.True(Trouble.MayPass(full));
        Assert.True(Trouble.MayPass(new UserErrorException("cannot be written", full)));
        Assert.True(Trouble.MayPass(new OutOfMemoryException()));
        Assert.False(Trouble.MayPass(new FileNotFoundException("no such file")));
        Assert.False(Trouble.MayPass(new UserErrorException("input is missing")));
        Assert.False(Trouble.MayPass(new InvalidOperationException()));
    }

    [Fact]
    public void A_full_disk_may_have_room_later()
    {
        const string Full = "/dev/full"; // a device of Linux that has no room ever
        if (!File.Exists(Full)) return;
        using var stream = new FileStream(Full, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

        Assert.True(Trouble.MayPass(Assert.ThrowsAny<IOException>(() => stream.Write([1]))));
    }

    [Fact]
    public void A_locked_file_may_be_free_later()
    {
        using var folder = new TemporaryFolder();
        using var held = new FileStream(folder["held"], FileMode.Create, FileAccess.Write, FileShare.None);

        var error = Assert.ThrowsAny<IOException>(() =>
            new FileStream(folder["held"], FileMode.Open, FileAccess.ReadWrite, FileShare.None));

        Assert.True(Trouble.MayPass(error));
    }

    [Theory, InlineData(".csv"), InlineData(".parquet")]
    public void A_range_of_rows_of_a_folder_is_read(string type)
    {
        using var folder = new TemporaryFolder();
        var numbers = Enumerable.Range(0, 20).ToList();
        foreach (var (file, part) in numbers.Chunk(7).Index())
        {
            folder.Write("part.csv", "n\n" + string.Concat(part.Select(n => $"{n}\n")));
            Directory.CreateDirectory(folder["all"]);
            using var stream = File.Create(Path.Combine(folder["all"], file + type));
            using var writer = FinIntent.Data.Tables.TableWriter.Open(stream, type, [new("n", FinIntent.Data.Tables.ColumnKind.Text)], []);
            foreach (var row in DataFile.Read(folder["part.csv"])) writer.Write(row, []);
            writer.Finish();
        }

        for (var first = 0; first < 20; first++)
            Assert.Equal(numbers.Skip(first).Take(9).Select(n => $"{n}"),
                DataFile.ReadRange(folder["all"], first, 9).Select(row => row.Text("n")!));
        Assert.Empty(DataFile.ReadRange(folder["all"], 3, 0));
    }
}
