using System.CommandLine;
using System.Globalization;
using SharpFuzz;
using TurnServer.Tests.Simulation;

namespace TurnServer.Tests.Fuzz;

/// <summary>The internal commands that fuzz.sh calls for <c>./run.sh fuzz</c>.</summary>
internal static class FuzzCommands
{
    /// <summary>The target for AFL++: checks each input and crashes on a failure.</summary>
    public static Command CreateTarget()
    {
        var command = new Command("fuzz-target", "check inputs from AFL++") { Hidden = true };
        command.SetAction(_ => Fuzzer.OutOfProcess.Run(input =>
        {
            using var copy = new MemoryStream();
            input.CopyTo(copy);
            if (ParserOracle.Check(copy.ToArray()) is { } failure)
                throw new InvalidOperationException(failure);
        }));
        return command;
    }

    /// <summary>Writes the seed corpus and the dictionary for AFL++.</summary>
    public static Command CreateSeeds()
    {
        var directory = new Argument<string>("directory");
        var dictionary = new Argument<string>("dictionary");
        var command = new Command("fuzz-seeds", "write the seed corpus and the dictionary") { directory, dictionary };
        command.Hidden = true;
        command.SetAction(result =>
        {
            var number = 0;
            foreach (var seed in ParserInputs.Seeds())
            {
                var name = (++number).ToString("00", CultureInfo.InvariantCulture);
                File.WriteAllBytes(Path.Combine(result.GetValue(directory)!, name), seed);
            }

            File.WriteAllLines(result.GetValue(dictionary)!, ParserInputs.Tokens().Select(token =>
                $"\"{string.Concat(token.Select(value => $"\\x{value:x2}"))}\""));
        });
        return command;
    }

    /// <summary>Prints failing inputs for use in a regression test.</summary>
    public static Command CreateShow()
    {
        var files = new Argument<string[]>("files");
        var command = new Command("fuzz-show", "print failing inputs") { files };
        command.Hidden = true;
        command.SetAction(result =>
        {
            foreach (var file in result.GetValue(files)!)
                Console.WriteLine(Show(File.ReadAllBytes(file)));
        });
        return command;
    }

    /// <summary>The shrunk input in hexadecimal and as text, and how it fails.</summary>
    internal static string Show(byte[] input)
    {
        var shrunk = ByteShrinker.Shrink(input, bytes => ParserOracle.Check(bytes) is not null);
        return $"{Convert.ToHexString(shrunk)} ({Printable.Of(shrunk)}): {ParserOracle.Check(shrunk) ?? "passes"}";
    }
}
