using TurnServer.Cli;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>A flag that is not in the list of all is neither parsed nor in the help.</summary>
public sealed class FlagListTests
{
    [Test]
    public void Every_flag_of_the_server_is_in_the_list_of_all()
    {
        var flags = new ServeFlags();
        var fields = Fields.Of(typeof(ServeFlags)).Where(field => field.FieldType.IsSubclassOf(typeof(Flag)))
            .Select(field => field.GetValue(flags)).ToArray();
        Assert.That(fields, Has.Length.GreaterThan(20));
        Assert.That(flags.All, Is.EquivalentTo(fields));
    }
}
