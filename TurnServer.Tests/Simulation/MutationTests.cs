using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Shows that the simulation bites: the rules are broken in one line at a time, compiled with the simulation, and it
/// must find each fault within so many histories. So must the rules as they are pass it.
/// </summary>
[Category("Slow")]
[Parallelizable(ParallelScope.All)]
public sealed class MutationTests
{
    private const string Prefix = "Mutable/";
    private const ulong Seed = 20_260_101;
    private const int HistoriesMax = 3_000;

    private const string ImplicitUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly Lazy<IReadOnlyDictionary<string, string>> Sources = new(ReadSources);

    // Parsed once: a mutation changes one file of it.
    private static readonly Lazy<CSharpCompilation> Compilation = new(() => CSharpCompilation.Create("Simulated",
        Sources.Value.Append(new KeyValuePair<string, string>("", ImplicitUsings)).Select(Parse),
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true,
            optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable)));

    private static IEnumerable<TestCaseData> Mutations => Simulation.Mutations.All
        .Select(mutation => new TestCaseData(mutation).SetArgDisplayNames(mutation.Breaks));

    [TestCaseSource(nameof(Mutations))]
    public void Rules_BrokenInOneLine_FailTheSimulation(Mutation mutation)
    {
        var (failure, histories) = Simulate(Mutated(mutation), mutation.NeedsCrashes);
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{mutation.Breaks}: found after {histories} histories that went well: {failure}"));
        Assert.That(failure, Is.Not.Null, $"{HistoriesMax} histories went well");
    }

    [Test]
    public void Rules_AsTheyAre_PassTheSimulation([Values] bool canCrash) =>
        Assert.That(Simulate(Compilation.Value, canCrash).Failure, Is.Null);

    private static Dictionary<string, string> ReadSources()
    {
        var assembly = typeof(MutationTests).Assembly;
        var sources = new Dictionary<string, string>();
        foreach (var name in assembly.GetManifestResourceNames())
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            sources.Add(name[Prefix.Length..], reader.ReadToEnd());
        }

        return sources;
    }

    private static SyntaxTree Parse(KeyValuePair<string, string> source) => CSharpSyntaxTree.ParseText(source.Value,
        new CSharpParseOptions(LanguageVersion.Latest), path: source.Key);

    private static CSharpCompilation Mutated(Mutation mutation)
    {
        var parts = Sources.Value[mutation.File].Split(mutation.Old);
        Assert.That(parts, Has.Length.EqualTo(2), $"{mutation.File} does not have exactly one: {mutation.Old}");
        var tree = Compilation.Value.SyntaxTrees.Single(tree => tree.FilePath == mutation.File);
        return Compilation.Value.ReplaceSyntaxTree(tree,
            Parse(new KeyValuePair<string, string>(mutation.File, string.Join(mutation.New, parts))));
    }

    // Runs the compiled simulation in a context of its own, so that its types are not those of the tests.
    private static (string? Failure, long Histories) Simulate(CSharpCompilation compilation,
        bool canCrash)
    {
        using var image = new MemoryStream();
        var result = compilation.Emit(image);
        Assert.That(result.Success, Is.True, () => string.Join('\n', result.Diagnostics
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
        image.Position = 0;
        var context = new AssemblyLoadContext("simulated", isCollectible: true);
        try
        {
            var entry = context.LoadFromStream(image).GetType("TurnServer.Tests.Simulation.Simulator", true)!
                .GetMethod("RunForMutation", BindingFlags.Public | BindingFlags.Static)!;
            return ((string?, long))entry.Invoke(null, [Seed, (long)HistoriesMax, canCrash])!;
        }
        finally
        {
            context.Unload();
        }
    }
}
