using System.CommandLine;
using TurnServer.Cli;

namespace TurnServer.Tests.Cli;

/// <summary>Each flag sets its own option, and no other.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FlagListTests
{
    // A value that is not the default.
    private static readonly Dictionary<string, string> Values = new()
    {
        ["--port"] = "8080",
        ["--host"] = "127.0.0.1",
        ["--trust-proxy"] = "true",
        ["--cors-origin"] = "https://game.example",
        ["--demo"] = "true",
        ["--admin-port"] = "9180",
        ["--admin-host"] = "0.0.0.0",
        ["--state"] = "/tmp/state",
        ["--state-sync"] = "always",
        ["--cluster-shards"] = "16",
        ["--cluster"] = "http://10.0.0.1:2379,http://10.0.0.2:2379",
        ["--keys"] = "sequential",
        ["--log-level"] = "debug",
        ["--log-format"] = "json",
    };

    private static IEnumerable<string> Names => new ServeFlags().All.Select(flag => flag.Name);

    [TestCaseSource(nameof(Names))]
    public void A_flag_of_the_server_changes_one_option(string name)
    {
        var (flag, apply) = new ServeFlags().Bound.Single(bound => bound.Flag.Name == name);
        var root = new RootCommand { flag.Option };
        var errors = new List<string>();
        var defaults = new ServeOptions();
        var options = apply(defaults, root.Parse([name, Values.GetValueOrDefault(name, "7")]), errors);
        Assert.That(errors, Is.Empty);
        var changed = Leaves(options).Except(Leaves(defaults)).ToList();
        Assert.That(changed, Has.Count.EqualTo(1));
        Assert.That(flag.FindChange(root.Parse([name, Values.GetValueOrDefault(name, "7")])), Is.Not.Null);
        Assert.That(flag.FindChange(root.Parse([])), Is.Null);
    }

    [Test]
    public void No_two_flags_of_the_server_set_the_same_option()
    {
        var defaults = new ServeOptions();
        var changed = new ServeFlags().Bound.SelectMany(bound =>
        {
            var line = new RootCommand { bound.Flag.Option }
                .Parse([bound.Flag.Name, Values.GetValueOrDefault(bound.Flag.Name, "7")]);
            return Leaves(bound.Apply(defaults, line, [])).Except(Leaves(defaults)).Select(leaf => leaf.Name);
        }).ToList();
        Assert.That(changed, Is.Unique);
        Assert.That(changed, Has.Count.GreaterThan(20));
    }

    private static IEnumerable<(string Name, object? Value)> Leaves(object options) =>
        from property in options.GetType().GetProperties()
        where property.CanWrite
        let value = property.GetValue(options)
        from leaf in property.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal)
            ? Leaves(value!).Select(inner => (Name: $"{property.Name}.{inner.Name}", inner.Value))
            : [(property.Name, value)]
        select leaf;
}
