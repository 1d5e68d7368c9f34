using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// Tests the simulation itself: it must fail for each one-line mutation of the rules, compiled together with the
/// simulation, and pass for the rules without a mutation.
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

    // Parsed once; a mutation replaces one file.
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
    public void Simulation_OfMutatedRules_Fails(Mutation mutation)
    {
        var (failure, histories) = Simulate(Mutated(mutation), mutation.Kind);
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{mutation.Breaks}: found after {histories} histories: {failure}"));
        Assert.That(failure, Is.Not.Null, $"{HistoriesMax} histories passed");
    }

    [Test]
    public void Simulation_WithoutMutation_Passes([Values] SimulationKind kind) =>
        Assert.That(Simulate(Compilation.Value, kind).Failure, Is.Null);

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
        Assert.That(parts, Has.Length.EqualTo(2), $"{mutation.File} must have exactly one: {mutation.Old}");
        var tree = Compilation.Value.SyntaxTrees.Single(tree => tree.FilePath == mutation.File);
        return Compilation.Value.ReplaceSyntaxTree(tree,
            Parse(new KeyValuePair<string, string>(mutation.File, string.Join(mutation.New, parts))));
    }

    // Loads the compilation in its own context, apart from the tests' types.
    private static (string? Failure, long Histories) Simulate(CSharpCompilation compilation, SimulationKind kind)
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
            return ((string?, long))entry.Invoke(null, [Seed, (long)HistoriesMax, kind.ToString()])!;
        }
        finally
        {
            context.Unload();
        }
    }
}
