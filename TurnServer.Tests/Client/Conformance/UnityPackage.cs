using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client.Conformance;

/// <summary>
/// Compiles the Unity package as Unity does, C# 9 without nullable annotations, against stubs of Unity's classes.
/// </summary>
internal static class UnityPackage
{
    private const string MonoLibraries = "/usr/lib/mono/4.5";

    /// <summary>The folder of the package.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "TurnServer/Client/unity");

    private static readonly string Programs =
        Path.Combine(Repository.Root, "TurnServer.Tests/Client/Conformance/unity");

    /// <summary>The package and its sample for .NET Standard 2.1, with warnings as errors.</summary>
    /// <param name="symbols">Symbols that Unity defines, such as <c>UNITY_WEBGL</c>.</param>
    public static CSharpCompilation Compile(params string[] symbols)
    {
        var reference = typeof(UnityPackage).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(attribute => attribute.Key == "NetStandard21").Value!;
        return Create("TurnServer.Client", OutputKind.DynamicallyLinkedLibrary, symbols, [reference],
            [.. Sources(Folder), .. Sources(Path.Combine(Programs, "Stubs"))]);
    }

    /// <summary>Compiles the package and the test program for Mono.</summary>
    /// <param name="path">The program to write.</param>
    /// <returns>Its path.</returns>
    public static Task<string> CompileProgramAsync(string path)
    {
        string[] libraries = ["mscorlib.dll", "System.dll", "System.Core.dll", "System.Net.Http.dll"];
        string[] paths = [.. libraries.Select(library => Path.Combine(MonoLibraries, library))];
        if (!paths.All(File.Exists))
            Tool.SkipOrFail("Mono's HttpClient is not installed: apt-get install libmono-system-net-http4.0-cil");
        var compilation = Create("unity-client", OutputKind.ConsoleApplication, ["NET_STANDARD_2_1"], paths,
            [.. Sources(Folder), .. Sources(Programs)]);
        return Task.Run(() =>
        {
            var options = new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb);
            using var image = File.Create(path);
            using var symbols = File.Create(Path.ChangeExtension(path, ".pdb"));
            Assert.That(compilation.Emit(image, symbols, options: options).Diagnostics, Is.Empty);
            return path;
        });
    }

    /// <summary>Reads a source, as part of such a compilation.</summary>
    public static SyntaxTree Parse(string path, string source, params string[] symbols) => CSharpSyntaxTree.ParseText(
        source, new CSharpParseOptions(LanguageVersion.CSharp9,
            // The package documents what is public; stubs and programs need not.
            path.StartsWith(Folder, StringComparison.Ordinal) ? DocumentationMode.Diagnose : DocumentationMode.Parse,
            preprocessorSymbols: ["UNITY_2021_3_OR_NEWER", .. symbols]), path, Encoding.UTF8);

    private static CSharpCompilation Create(string name, OutputKind kind, string[] symbols,
        IEnumerable<string> references, IEnumerable<string> sources) => CSharpCompilation.Create(name,
            sources.Select(path => Parse(path, File.ReadAllText(path), symbols)),
            references.Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(kind, optimizationLevel: OptimizationLevel.Release,
                generalDiagnosticOption: ReportDiagnostic.Error));

    private static string[] Sources(string folder) => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories);
}
