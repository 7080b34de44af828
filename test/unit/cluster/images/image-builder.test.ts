import { expect, test } from 'vitest';
import { replacedImages } from '../../../cluster/images/image-builder.ts';

test('replacedImages() gives the ids that no tag stands for', () => {
  const list = `REF                TYPE     DIGEST       SIZE      PLATFORMS   LABELS
berth.dev/a:dev    manifest sha256:aaa   1.0 MiB   linux/amd64 berth.dev/inputs=1
sha256:id-of-a     manifest sha256:aaa   1.0 MiB   linux/amd64 -
sha256:id-of-old-a manifest sha256:bbb   1.0 MiB   linux/amd64 -
`;
  expect(replacedImages(list)).toEqual(['sha256:id-of-old-a']);
});
