import { testRoundTrips } from "../codec/test-support.ts";
import { specs } from "./test-support.ts";

testRoundTrips("specs of IPsec", specs);
