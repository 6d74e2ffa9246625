using FinIntent.Notices;

// Writes THIRD-PARTY-NOTICES.txt of each package: dotnet run --project tools/FinIntent.Notices, after a restore, in the repository's root.
var root = Directory.GetCurrentDirectory();
foreach (var project in PackedProject.All)
{
    var path = Path.Combine(root, project.NoticesFile);
    File.WriteAllText(path, ThirdPartyNotices.Of(root, project));
    Console.WriteLine(path);
}
