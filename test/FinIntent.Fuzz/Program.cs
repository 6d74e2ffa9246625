using System.CommandLine;
using FinIntent.Fuzz;

Option<int> count = new("--count") { Description = "Damaged files for each reader", DefaultValueFactory = _ => 20_000 };
Option<int> seed = new("--seed") { Description = "What the damage is drawn from", DefaultValueFactory = _ => 1 };
Option<string[]> only = new("--reader") { Description = "Readers by name (all)", AllowMultipleArgumentsPerToken = true };
Option<string?> save = new("--save") { Description = "A folder for the files that were not answered as they must be" };
Option<bool> list = new("--list") { Description = "Prints the readers" };
RootCommand command = new("Damages valid files, reads them, and counts what comes out.") { count, seed, only, save, list };
command.SetAction(parsed =>
{
    var names = parsed.GetValue(only) is { Length: > 0 } some ? some : [.. Readers.All.Select(reader => reader.Name)];
    if (parsed.GetValue(list))
    {
        Console.WriteLine(string.Join('\n', names));
        return 0;
    }
    return Campaign.Run([.. names.Select(Readers.Get)], parsed.GetValue(count), parsed.GetValue(seed), parsed.GetValue(save));
});
return command.Parse(args).Invoke();
