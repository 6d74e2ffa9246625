using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed class OutputPlaceTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    OutputPlace Place(string name) => OutputPlace.Filled(_folder[name], "output_dir");

    static string ErrorOf(Action action) => Assert.Throws<UserErrorException>(action).Message;

    [Fact]
    public void A_second_run_is_told_who_writes_and_since_when()
    {
        using (Place("a").Lock("train"))
        {
            var message = ErrorOf(() => Place("a").Lock("eval"));
            Assert.Matches(@"^output_dir: \S+ is being written by finintent train \(process \d+ on \S+, since [-\d]+ [:\d]+Z\); " +
                "no second eval is begun: wait until that has ended, or name another output_dir$", message);
            Assert.Contains("is being written by finintent train", ErrorOf(Place("a").Check));
            File.WriteAllText(_folder["a/result"], "");
        }

        Assert.Equal([_folder["a/result"]], Directory.GetFileSystemEntries(_folder["a"]));
        Place("a").Check();
        Place("a").Lock("eval").Dispose();
    }

    /// <summary>A link would be followed: in a shared folder another user could have a file of mine emptied.</summary>
    [Fact]
    public void A_link_or_a_folder_in_the_place_of_a_lock_is_refused_and_kept()
    {
        var victim = _folder.Write("victim.txt", "mine");
        Directory.CreateDirectory(_folder["a"]);
        File.CreateSymbolicLink(_folder["a/.finintent.lock"], victim);
        Directory.CreateDirectory(_folder["b/.finintent.lock"]);

        Assert.Equal($"output_dir: {_folder["a/.finintent.lock"]} is a link to {victim}, and no lock that this program made; " +
            "remove it, or name another output_dir", ErrorOf(() => Place("a").Lock("train")));
        Assert.Contains("is a link to", ErrorOf(Place("a").Check));
        Assert.Contains("is a folder, and no lock", ErrorOf(() => Place("b").Lock("train")));
        Assert.Null(OutputLock.TryTake(_folder["a/.finintent.lock"], "train", null));
        Assert.Equal("mine", File.ReadAllText(victim));
    }

    [Fact]
    public void What_a_killed_run_left_locks_nothing_and_is_removed()
    {
        Directory.CreateDirectory(_folder["a"]);
        File.WriteAllText(_folder["a/.finintent.lock"], "finintent train (process 1 on elsewhere, since 2026-01-01 00:00:00Z) 0");
        File.WriteAllText(_folder[$"a/.summary.json.12.{Guid.NewGuid():N}.tmp"], "half");
        File.WriteAllText(_folder["a/.somebody.tmp"], "another program's");
        using var written = AtomicFile.Begin(_folder["a/table.csv"]);

        Place("a").Check();
        Place("a").Lock("eval").Dispose();
        written.Commit(); // it was being written, so it was left alone

        Assert.Equal([".somebody.tmp", "table.csv"], Directory.GetFiles(_folder["a"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Owners_of_a_lock_are_not_believed_everything()
    {
        using (var held = LockFile.TryOpen(_folder[".x.lock"])!)
        {
            held.Write("finintent train\u001b[2J (process 1 on h, since 2026)"u8);
            Assert.Contains("is being written by another process:", ErrorOf(OutputPlace.Replaced(_folder["x"], "export_dir").Check));
        }
    }

    [Fact]
    public void A_folder_that_a_run_made_and_did_not_fill_goes_with_its_lock()
    {
        Place("new/deep").Lock("train").Dispose();
        Assert.False(Directory.Exists(_folder["new/deep"]));

        OutputPlace.File(_folder["table.csv"], "output").Lock("classify").Dispose();
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Many_runs_at_once_are_one_at_a_time()
    {
        var (inside, most, taken) = (0, 0, 0);
        Parallel.For(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            try
            {
                using var held = Place("a").Lock("train");
                InterlockedMax(ref most, Interlocked.Increment(ref inside));
                Interlocked.Increment(ref taken);
                Thread.Yield();
                Interlocked.Decrement(ref inside);
            }
            catch (UserErrorException)
            {
                // Another one was inside all the time.
            }
        });

        Assert.Equal(1, most);
        Assert.InRange(taken, 2, 200);

        static void InterlockedMax(ref int target, int value)
        {
            while (Volatile.Read(ref target) is var now && now < value && Interlocked.CompareExchange(ref target, value, now) != now) { }
        }
    }

    [Fact]
    public void A_file_in_the_way_is_told()
    {
        _folder.Write("file", "");

        Assert.Contains($"{_folder["file"]} is a file, so nothing can be written in it; name another output_dir",
            ErrorOf(Place("file").Check));
        Assert.Contains("is a file, so nothing can be written below it", ErrorOf(() => Place("file/run").Lock("train")));
        Assert.Contains("is a file; name a folder", ErrorOf(OutputPlace.Replaced(_folder["file"], "export_dir").Check));
        Assert.Contains("is a folder; name a file in it", ErrorOf(OutputPlace.File(_folder.Path, "answers").Check));
    }

    [Fact]
    public void A_replaced_folder_that_is_a_link_is_written_through()
    {
        Directory.CreateDirectory(_folder["disk/model"]);
        File.WriteAllText(_folder["disk/model/old"], "");
        Directory.CreateSymbolicLink(_folder["link"], _folder["disk/model"]);

        using (OutputPlace.Replaced(_folder["link"], "export_dir").Lock("export"))
        {
            Assert.True(File.Exists(_folder["disk/.model.lock"]));
            AtomicFolder.Write(_folder["link"], folder => File.WriteAllText(Path.Combine(folder, "new"), ""));
        }

        Assert.Equal(_folder["disk/model"], new DirectoryInfo(_folder["link"]).LinkTarget);
        Assert.Equal([_folder["disk/model/new"]], Directory.GetFileSystemEntries(_folder["disk/model"]));
        Assert.Equal([_folder["disk/model"]], Directory.GetFileSystemEntries(_folder["disk"]));
    }

    [Fact]
    public void A_file_that_is_a_link_is_written_through()
    {
        _folder.Write("there", "old");
        File.CreateSymbolicLink(_folder["link"], _folder["there"]);

        AtomicFile.WriteText(_folder["link"], "new");

        Assert.NotNull(new FileInfo(_folder["link"]).LinkTarget);
        Assert.Equal("new", File.ReadAllText(_folder["there"]));
    }

    [Fact]
    public void Links_that_lead_nowhere_are_told()
    {
        Directory.CreateSymbolicLink(_folder["dangling"], _folder["gone"]);
        Directory.CreateSymbolicLink(_folder["round"], _folder["round"]);

        OutputPlace[] places = [Place("dangling"), Place("dangling/run"), OutputPlace.Replaced(_folder["dangling"], "output_dir")];
        foreach (var place in places)
            Assert.Contains($"is a link to {_folder["gone"]}, which is not there", ErrorOf(place.Check));
        Assert.Contains("links lead nowhere", ErrorOf(() => Place("round").Check()));
    }

    [Fact]
    public void A_replacement_that_was_killed_between_its_renames_is_undone()
    {
        var name = $".model.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(_folder[name]);
        Directory.CreateDirectory(_folder[name + ".old.tmp"]);
        File.WriteAllText(_folder[name + ".old.tmp/weights"], "12345");

        Assert.Equal(5, OutputPlace.Replaced(_folder["model"], "export_dir").BytesLeft);
        AtomicFolder.Clean(_folder.Path, "another");
        Assert.False(Directory.Exists(_folder["model"]));
        AtomicFolder.Clean(_folder.Path, "model");

        Assert.Equal([_folder["model/weights"]], Directory.GetFileSystemEntries(_folder["model"]));
        Assert.Equal([_folder["model"]], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_full_disk_is_told_with_the_file_and_what_to_do()
    {
        var full = OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28;
        var path = Path.Combine("saves", $".x.{Guid.NewGuid():N}.tmp", $".model.safetensors.12.{Guid.NewGuid():N}.tmp");
        var cause = new IOException($"No space : '{path}'", full);
        Exception error = new AggregateException(new InvalidOperationException("a writer's", cause));

        var told = DiskFull.In(error)!.Message;

        Assert.StartsWith(Path.Combine("saves", "x", "model.safetensors") + ": the disk is full", told);
        Assert.Null(DiskFull.In(new IOException("something else")));
    }
}
