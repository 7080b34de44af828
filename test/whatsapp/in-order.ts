/** Runs what it is given one at a time, in order. A failure goes to its caller and keeps none of the others. */
export type InOrder = <Result>(task: () => Promise<Result>) => Promise<Result>;

export function createInOrder(): InOrder {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task, task);
    last = result;
    return result;
  };
}
