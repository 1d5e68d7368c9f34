using Etcdserverpb;
using Google.Protobuf;

namespace TurnServer.Cluster.Etcd;

/// <summary>The parts that transactions are made of.</summary>
internal static class EtcdTransaction
{
    /// <summary>The condition that a key has this value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">Null: that there is no such key.</param>
    public static Compare Holds(ByteString key, ByteString? value)
    {
        var condition = new Compare { Key = key, Result = Compare.Types.CompareResult.Equal };
        if (value is null)
        {
            condition.Target = Compare.Types.CompareTarget.Create;
            condition.CreateRevision = 0;
        }
        else
        {
            condition.Target = Compare.Types.CompareTarget.Value;
            condition.Value = value;
        }

        return condition;
    }

    public static RequestOp Put(ByteString key, ByteString value) =>
        new() { RequestPut = new PutRequest { Key = key, Value = value } };

    public static RequestOp Read(ByteString key) => new() { RequestRange = new RangeRequest { Key = key } };

    /// <summary>The value of the only key that a range has asked for; null if there is no such key.</summary>
    public static ByteString? Value(this RangeResponse range) => range.Kvs.Count == 0 ? null : range.Kvs[0].Value;
}
