using System.Text;
using TurnServer.Protocol;

namespace TurnServer.Tests.Simulation;

/// <summary>
/// First come, first served, judged by the replies that leave the server and by nothing else: whoever is given a
/// partner by chance is not given one who registered after another that waits too. It judges only where that is beyond
/// doubt: among those who have been told to wait, and nothing else, and that within the time that they may be silent.
/// </summary>
internal sealed class LineJudge(World world)
{
    private readonly List<Waiting> _line = [];
    private readonly HashSet<string> _keys = [];
    private readonly Dictionary<string, int> _registrations = [];
    private readonly TimeSpan _patience = world.Options.PairingTimeout < world.Options.LongPairingTimeout
        ? world.Options.PairingTimeout
        : world.Options.LongPairingTimeout;

    /// <summary>Looks at a reply as it leaves the server, whether or not it arrives.</summary>
    public void NoteReply(Request request, ReadOnlySpan<byte> reply, TimeSpan now)
    {
        if (request.Symbol == Symbol.Register)
        {
            if (reply.StartsWith("0/0/"u8))
                Join(request, Encoding.ASCII.GetString(reply[4..]), now);
            return;
        }

        if (request.Symbol >= Symbol.GameQuit)
            return;
        var index = _line.FindIndex(one => one.Key == request.Key);
        if (index >= 0 && reply.SequenceEqual("0/2/*"u8))
        {
            _line[index] = _line[index] with { ToldAt = now };
            return;
        }

        if (index >= 0)
            _line.RemoveAt(index);
        if (request.Symbol == Symbol.RequestPair && reply.StartsWith("0/3/"u8))
            TakePartner(Encoding.UTF8.GetString(reply[4..]), wasWaiting: index >= 0, now);
    }

    // One who repeats a registration may be anywhere by now. Whoever wants a certain partner is not in the line.
    private void Join(Request request, string key, TimeSpan now)
    {
        if (!_keys.Add(key))
            return;
        _registrations[request.Name] = _registrations.GetValueOrDefault(request.Name) + 1;
        if (request.Wanted is null)
            _line.Add(new Waiting(key, request.Name, now));
    }

    private void TakePartner(string name, bool wasWaiting, TimeSpan now)
    {
        var partner = _line.FindIndex(one => one.Name == name);
        if (wasWaiting && partner >= 0 && _registrations[name] == 1)
        {
            var passedOver = _line.FindIndex(one => now - one.ToldAt < _patience);
            if (passedOver >= 0 && passedOver < partner)
                throw new Discrepancy($"{_line[passedOver].Name}, who came first", name);
        }

        _line.RemoveAll(one => one.Name == name);
    }

    private readonly record struct Waiting(string Key, string Name, TimeSpan ToldAt);
}
