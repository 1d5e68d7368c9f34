using System.Diagnostics;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Client;

/// <summary>The C++ client without a network; the conformance tests play it over one.</summary>
[Category("Slow")]
internal sealed class CppClientTests
{
    private static readonly TimeSpan BuildTimeout = TimeSpan.FromMinutes(5);

    [Test]
    public async Task Abandoned_and_early_calls()
    {
        using var folder = new TempFolder("turnserver-cpp-");
        var program = folder.PathOf("calls");
        var compile = new ProcessStartInfo(Tool.Require("g++"),
        [
            "-std=c++17", "-O1", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror",
            "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", PathOf("TurnServer/Client/cpp"),
            "-o", program, PathOf("TurnServer.Tests/Client/Conformance/cpp/calls.cpp"),
        ]);
        var (exitCode, output, errors) = await Tool.RunAsync(compile, BuildTimeout);
        Assert.That(exitCode, Is.Zero, output + errors);
        (exitCode, output, errors) = await Tool.RunAsync(program);
        Assert.That(exitCode, Is.Zero, output + errors);
    }

    private static string PathOf(string path) => Path.Combine(Repository.Root, path);
}
