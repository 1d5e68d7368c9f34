using System.Reflection;
using System.Text;
using TurnServer.Journal;
using TurnServer.Protocol;
using TurnServer.Rules;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Journal;

/// <summary>
/// Records and their readers match. The tests enumerate all members, so that a member added on one side only fails
/// without a test of its own.
/// </summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RecordSymmetryTests
{
    private static readonly string[] Bodies =
    [
        "0,Ann,bibbybabbis#pool,Bob,token", "1,*,71,*,*", "2,*,72,*,*", "3,*,73,*,*", "4,*,74,*,*", "5,*,75,1,*",
        "6,e4,76,1,9",
    ];

    private static IEnumerable<string> SettingNames => SettingFields().Select(path => path[^1].Name);

    [Test]
    public void EverySetting_IsReadBack()
    {
        foreach (var path in SettingFields())
        {
            object settings = new StateSettings(new RulesOptions(), false);
            SetOther(settings, path);
            var back = ReadBack((StateSettings)settings);
            var name = string.Join('/', path.Select(Fields.Name));
            Assert.That(Fields.Difference(settings, back), Is.Null, name);
            Assert.That(back, Is.EqualTo(settings), name);
            Assert.That(back, Is.Not.EqualTo(new StateSettings(new RulesOptions(), false)),
                $"{name}: a journal recorded under another value would pass for one of the same");
        }

        Assert.That(SettingNames.Count(), Is.GreaterThan(7));
    }

    [Test]
    public void EveryMemberOfARequest_IsReadBack([ValueSource(nameof(Bodies))] string body)
    {
        var arrival = WithMembersOutsideTheBody(Parse(body));
        var back = ReadBack(arrival);
        Assert.That(Fields.Difference(arrival, back), Is.Null);
    }

    [Test]
    public void EveryMemberOfASuspension_IsReadBack()
    {
        var suspension = (Suspension)Fields.ChangeAll(default(Suspension));
        var bytes = new byte[RecordWriter.BytesBesideBody];
        var length = new RecordWriter().Write(suspension, TimeSpan.FromSeconds(5), bytes);
        var reader = new FieldReader(bytes.AsSpan(0, length));
        Assert.That(((RecordKind)reader.Byte(), reader.Time()),
            Is.EqualTo((RecordKind.Suspension, TimeSpan.FromSeconds(5))));
        Assert.That(Fields.Difference(suspension, Replay.ReadSuspension(ref reader)), Is.Null);
    }

    [Test]
    public void EveryMemberOfASegmentHead_IsReadBack()
    {
        var head = (SegmentHead)Fields.ChangeAll(default(SegmentHead));
        var bytes = new byte[SegmentHead.Bytes];
        SegmentHead.Write(bytes, head);
        Assert.That(Fields.Difference(head, SegmentHead.Read(bytes)!.Value), Is.Null);
    }

    private static List<FieldInfo[]> SettingFields() => [.. FieldsOf(typeof(StateSettings), [])];

    // Recursively, down to fields of foreign types.
    private static IEnumerable<FieldInfo[]> FieldsOf(Type type, FieldInfo[] path) => Fields.Of(type)
        .SelectMany(field => Fields.IsOurs(field.FieldType)
            ? FieldsOf(field.FieldType, [.. path, field])
            : [[.. path, field]]);

    private static void SetOther(object whole, FieldInfo[] path)
    {
        var value = path[0].GetValue(whole);
        if (path.Length == 1)
            value = Fields.Change(path[0].FieldType, value);
        else
            SetOther(value!, path[1..]);
        path[0].SetValue(whole, value);
    }

    private static StateSettings ReadBack(StateSettings settings)
    {
        var writer = new FieldWriter();
        settings.Write(writer);
        var reader = new FieldReader(writer.Written);
        var back = StateSettings.Read(ref reader);
        reader.End();
        return back;
    }

    private static TurnRequest Parse(string body) => RequestParser.TryParse(
        Encoding.UTF8.GetBytes(body), out var request, out _)
        ? request
        : throw new FormatException($"Not a request: {body}");

    // The ticket is not recorded, and the address only with a registration.
    private static Arrival WithMembersOutsideTheBody(TurnRequest request)
    {
        var outsideBody = Fields.Of(typeof(TurnRequest)).Where(field => Bodies.All(body =>
            Equals(field.GetValue(Parse(body)), field.GetValue(default(TurnRequest))))).ToArray();
        Assert.That(outsideBody.Select(Fields.Name), Does.Contain("TurnRequest.ReceivedBytes"));
        object arrival = new Arrival
        {
            Ticket = new Ticket(1),
            Request = (TurnRequest)Fields.ChangeAll(request, outsideBody.Contains),
            Body = Encoding.UTF8.GetBytes(Bodies.Single(body => body[0] - '0' == (int)request.Symbol)),
            From = default,
        };
        string[] set = ["Arrival.Ticket", "Arrival.Request", "Arrival.Body",
            .. request.Symbol == Symbol.Register ? Array.Empty<string>() : ["Arrival.From"]];
        return (Arrival)Fields.ChangeAll(arrival, field => !set.Contains(Fields.Name(field)));
    }

    private static Arrival ReadBack(in Arrival arrival)
    {
        ulong[] keys = arrival.Request.Symbol is Symbol.Register or Symbol.MapReady ? [5, 6] : [];
        var bytes = new byte[RecordWriter.BytesBesideBody + arrival.Body.Length];
        var length = new RecordWriter().Write(arrival, keys, TimeSpan.FromSeconds(5), bytes);
        var record = bytes.AsMemory(0, length);
        var reader = new FieldReader(record.Span);
        var first = reader.Byte();
        Assert.That(reader.Time(), Is.EqualTo(TimeSpan.FromSeconds(5)));
        var drawn = new RecordedKeys();
        var back = Replay.ReadArrival(first, ref reader, record, drawn);
        Assert.That(keys.Select(_ => drawn.Draw()), Is.EqualTo(keys));
        Assert.That(drawn.IsEmpty);
        return back;
    }
}
